"""What operators and programs read of lists, readers, editions and the queue. Nothing here changes anything."""
