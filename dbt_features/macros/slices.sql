{#- The slice of a build: the instruments it may read and replace. dbt pastes variables into SQL as text, so the names are
    checked here too, whoever called. -#}
{% macro instrument_filter(column='instrument') -%}
  {%- set names = var('instruments', none) -%}
  {%- if names is none -%}
    true
  {%- elif names | length == 0 -%}
    false
  {%- else -%}
    {%- for name in names -%}
      {%- if not modules.re.fullmatch('[A-Z0-9][A-Z0-9._-]{0,31}', name) -%}
        {{ exceptions.raise_compiler_error("instrument names match [A-Z0-9][A-Z0-9._-]{0,31}, found " ~ name) }}
      {%- endif -%}
    {%- endfor -%}
    {{ column }} in ('{{ names | join("', '") }}')
  {%- endif -%}
{%- endmacro %}

{% macro run_id() -%}
  {%- set name = var('run_id') | string -%}
  {%- if not modules.re.fullmatch('[A-Za-z0-9_.:-]{1,128}', name) -%}
    {{ exceptions.raise_compiler_error("a run id matches [A-Za-z0-9_.:-]{1,128}, found " ~ name) }}
  {%- endif -%}
  {{ name }}
{%- endmacro %}

{#- The two columns that close every table of the lake. -#}
{% macro provenance() -%}
  cast('{{ this.identifier }}' as varchar) as producer,
  cast('{{ run_id() }}' as varchar) as run_id
{%- endmacro %}

{#- Tests look at the instruments of the build only, at every instrument of a cross-sectional model. -#}
{% macro get_where_subquery(relation) -%}
  {%- set where = config.get('where') -%}
  (select * from {{ relation }} where {{ instrument_filter() }} {%- if where %} and ({{ where }}) {%- endif %})
{%- endmacro %}
