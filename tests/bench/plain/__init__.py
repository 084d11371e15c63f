"""A site as one puts it together from the same packages in an afternoon: the yardstick.

Milliseconds differ from machine to machine, and on one machine from hour to hour. This one is served
and measured in the same rounds as ours (docs/speed.md says what it took where the promises were made).
"""
