"""What readers do on pages: sign up, confirm, choose, move, leave; the words that they agree to."""
