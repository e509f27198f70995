"""Base maps of other servers (外部底图): Tianditu, WMTS, XYZ; off unless configured, fetched and kept by this server alone."""
