"""New code of handlers for a window that stays open."""
