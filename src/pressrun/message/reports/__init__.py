"""Reading what comes back: delivery notifications and feedback reports, as mail systems write them."""
