"""The life of an address (地址生命周期): operations, their log, the change feed, the library as of a day, change sets.

The log is written by the database: statement triggers on ``standard_address`` append to ``address_event`` whatever path
the change came by. An operation only says why, by whom and from which day.
"""
