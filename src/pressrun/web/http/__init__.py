"""HTTP itself: connections, who asks, what a form posts, what has changed, the wall around pages. It knows no page."""
