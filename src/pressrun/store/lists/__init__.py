"""Lists: their settings, their images, their removal, and where links of a former program lead."""
