"""The network: DNS records, the addresses that we listen at or connect to, and which peers and origins to trust."""
