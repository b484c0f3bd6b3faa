"""The operations under ``/v1``, one module for each of the document's sections."""
