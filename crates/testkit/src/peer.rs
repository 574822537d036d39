//! (being written) The same transcripts against a real server.
