-- name: insert
-- One mail to one person.
insert into notice (kind, list_id, subscriber_id, address, language, payload, content, message_secret, created_at)
values (:kind, :list_id, :subscriber_id, :address, :language, :payload, :content, :message_secret, :now);
