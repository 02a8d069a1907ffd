"""The widget: one script, served as it stands here; this file makes it a part of what is installed."""
