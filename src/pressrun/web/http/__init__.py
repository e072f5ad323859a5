"""HTTP itself: connections, clients, forms, conditional requests, and the guard around all pages."""
