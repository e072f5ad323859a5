"""What readers do and what is done for them: joining, confirming, choosing, moving, leaving, coming back."""
