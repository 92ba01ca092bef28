"""Where the documents of the design import host integrations from; they live in packages of their own."""
