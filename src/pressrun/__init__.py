"""Pressrun: announcement lists, from the sign-up form to the copy in a reader's inbox."""

__version__ = "0.2.0"
