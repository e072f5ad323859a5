"""How the daemon watches itself: gauges, metrics, the event loop, the watchdog, and doctor once a week."""
