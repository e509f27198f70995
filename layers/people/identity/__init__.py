"""Who is who (身份归并): records of many departments about the same person. ``resolve`` is the way in; nothing here knows a table."""
