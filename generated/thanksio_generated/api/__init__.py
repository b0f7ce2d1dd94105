# Generated from openapi.yaml by openapi-python-client: do not edit, run `make generate`.
"""Contains methods for accessing the API"""
