"""The endpoints, one module for each part of the API. A route checks who calls, calls one method and answers."""
