{#- Incremental strategy: the rows of the build's instruments are exchanged as a whole, in one transaction. Unlike
    delete+insert by unique_key, an instrument whose query comes back empty loses its old rows. A model with
    `slice: all` (cross-sectional) is exchanged completely. -#}
{% macro get_incremental_replace_slice_sql(arg_dict) -%}
  {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
  delete from {{ arg_dict['target_relation'] }}
  where {% if config.get('slice') == 'all' %}true{% else %}{{ instrument_filter() }}{% endif %};

  insert into {{ arg_dict['target_relation'] }} ({{ columns }})
  select {{ columns }} from {{ arg_dict['temp_relation'] }} -- in the order of the model's query
{%- endmacro %}

{#- Runs inside the model's transaction; the commit then says who wrote it, as every commit of the lake does. -#}
{% macro label_commit() -%}
  {%- if execute and adapter.is_ducklake(this) -%}
    call ducklake_set_commit_message(
      '{{ this.database }}', '{{ this.identifier }}', 'features: {{ this.identifier }}, run {{ run_id() }}',
      extra_info => '{"run_id": "{{ run_id() }}", "producer": "{{ this.identifier }}"}'
    )
  {%- else -%}
    select 1
  {%- endif -%}
{%- endmacro %}
