"""How items get into DynamoDB fast: the bulk writer, encoded frames, pacing, files that DynamoDB loads by itself.

Reading and making tables live beside this folder.
"""
