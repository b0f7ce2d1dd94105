# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
"""Contains endpoint functions for accessing the API"""
