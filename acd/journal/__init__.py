"""The journal of appeals and the operators' desk (J1 to J10, D6, D9, S2, S3).

The engine does not know it: the journal learns of calls from facts alone. Its pure part (`states`, `limits`,
`worktime`, `numbers`, `roles`, `profiles`) decides; `store` keeps; `service` ties both; `web` shows.
"""
