"""Passages in: quotes, prompt, model, citations, checks, answer."""
