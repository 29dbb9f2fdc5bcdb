"""Does the local AWS answer as AWS documents, and does it still need our help to do so?"""
