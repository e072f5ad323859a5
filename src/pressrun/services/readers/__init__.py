"""What readers do and what is done for them: joining, confirming, setting preferences, moving, leaving, coming back."""
