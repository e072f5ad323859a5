"""Puts the objects together: services over one database, pages, listeners, the dispatcher."""
