"""What the OGC API routes share: links, formats, the API definition, HTML pages."""
