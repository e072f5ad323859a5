"""The small mails to one person: what they say, by whom they are for, and how they are built (`build`)."""
