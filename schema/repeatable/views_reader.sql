-- revision 3
-- Who may read the views and nothing else: grant sidelight_reader to a login of Grafana's, or of a colleague's. A server
-- whose owner of this schema may create no roles goes without. A new view anywhere raises the revision here: it runs again then.
do $$
declare
  relation text;
begin
  if not exists (select from pg_roles where rolname = 'sidelight_reader') then
    begin
      create role sidelight_reader nologin;
    exception
      -- Roles belong to all databases of a server, and another one created it at this moment.
      when duplicate_object or unique_violation then null;
    end;
  end if;
  grant usage on schema sidelight to sidelight_reader;
  for relation in select viewname from pg_views where schemaname = 'sidelight' loop
    execute format('grant select on sidelight.%I to sidelight_reader', relation);
  end loop;
exception
  when insufficient_privilege then
    raise notice 'there is no role sidelight_reader: %', sqlerrm;
end
$$;
