"""Compare the vendor's published OpenAPI document with openapi.yaml: `make vendor-drift`."""
