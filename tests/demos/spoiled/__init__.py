"""For each demo, results spoiled in one place: a part of a claim's text, and what breaks it.

A claim that no spoiled result breaks would hold whatever the run does.
"""
