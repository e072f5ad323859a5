"""What mail systems say in a refusal, as ordered tables: the first table that knows a wording decides.

Over folded text: lower case, blanks made one, addresses and links taken out. Languages stand together, for mail
systems answer in their operator's. What outranks what is said in the decision on bounces by table; the order of the
tables is in core.refusals, how a row is written in `notation`.
"""
