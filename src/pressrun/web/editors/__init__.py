"""What editors and operators look at, in English: a held edition, a preview, a report, the mailbox of the demo."""
