"""The operators' desk: pages rendered on the server, a little script, an event stream. Mounted by `app.desk_routes`."""
