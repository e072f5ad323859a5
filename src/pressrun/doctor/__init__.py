"""`pressrun doctor`: what the world sees of this installation. One small function for each check, in one table.

A check changes nothing, asks nobody about a reader, and never raises for what the world does. What it finds is a line
in plain English with the exact record, line or command to add.
"""
