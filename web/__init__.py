"""The doors that a browser uses: the chat page and the REST interface, over one service object.

Nothing here retrieves, generates or reads settings; text of documents and models leaves this package escaped only.
"""
