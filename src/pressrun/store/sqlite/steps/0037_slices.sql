-- Subscribers are found by their domain.
create index subscriber_by_domain on subscriber (domain, id);
