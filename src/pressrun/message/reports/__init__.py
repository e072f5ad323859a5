"""Reading delivery notifications (bounces) and feedback reports (complaints), as mail systems write them."""
