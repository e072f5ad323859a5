"""What a mail is made of. Pure like core, and the only place that imports `email`.

Beside the packages are only the modules that several of them need.
"""
