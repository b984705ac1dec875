"""`/v1/admin`: what editors and their programs do, over HTTP."""
