-- What the role that the site runs as may do, where it does not own the tables. Run as their owner
-- after each `migrate`:
--     psql -v site=northgate -f deploy/postgresql/rights.sql "$OWNERS_DATABASE_URL"
-- The role may add to the trail, give entries their places and take away what the guards let go; it
-- can neither change what an entry says nor take a guard off (docs/trail.md).
GRANT USAGE ON SCHEMA public TO :"site";
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO :"site";
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO :"site";
REVOKE UPDATE ON audit_entry, audit_segment FROM :"site";
GRANT UPDATE (sequence, seal) ON audit_entry TO :"site";
GRANT UPDATE (told_at, pruned_at, mac) ON audit_segment TO :"site";
REVOKE DELETE ON audit_segment, audit_head FROM :"site";
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM :"site";
