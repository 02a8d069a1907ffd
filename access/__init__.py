"""Who asks, what they may see, and what is kept of it; nothing of HTTP, and of documents only their collections."""
