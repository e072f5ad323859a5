-- Requests from the web that cannot be carried out are kept apart, so that they hold up no others.
alter table errand add column set_aside_at integer;
