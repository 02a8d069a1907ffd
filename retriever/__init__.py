"""A question in: candidates from several views, fused into ranked passages."""
