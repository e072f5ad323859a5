"""Pages for editors and operators: a held edition, a preview, a report, the mailbox of the demo."""
