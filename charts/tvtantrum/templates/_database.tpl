{{/* Where PostgreSQL is, and how to get there. */}}

{{- define "tvtantrum.postgresHost" -}}
{{- if eq .Values.postgres.mode "embedded" -}}
{{ include "tvtantrum.host" (list . "postgres") }}
{{- else -}}
{{ required "postgres.external.host is missing: set it to the name or address of your PostgreSQL, or postgres.mode to embedded for a trial." .Values.postgres.external.host }}
{{- end -}}
{{- end }}

{{/* The replicas that catalog reads from; empty for none. */}}
{{- define "tvtantrum.postgresReadHost" -}}
{{- if eq .Values.postgres.mode "external" -}}{{ .Values.postgres.external.readHost }}{{- end -}}
{{- end }}

{{/* What PgBouncer calls the database on them. */}}
{{- define "tvtantrum.postgresReadDatabase" -}}
{{ include "tvtantrum.postgresDatabase" . }}_replicas
{{- end }}

{{- define "tvtantrum.postgresPort" -}}
{{ eq .Values.postgres.mode "embedded" | ternary 5432 (int .Values.postgres.external.port) }}
{{- end }}

{{- define "tvtantrum.postgresDatabase" -}}
{{ eq .Values.postgres.mode "embedded" | ternary "tantrum" .Values.postgres.external.database }}
{{- end }}

{{- define "tvtantrum.postgresUser" -}}
{{ eq .Values.postgres.mode "embedded" | ternary "tantrum" .Values.postgres.external.user }}
{{- end }}

{{/* Of the connections to PostgreSQL. The embedded one has no certificate. */}}
{{- define "tvtantrum.sslMode" -}}
{{ eq .Values.postgres.mode "embedded" | ternary "disable" .Values.postgres.external.sslMode }}
{{- end }}

{{/* Not empty where PostgreSQL's certificate is checked. */}}
{{- define "tvtantrum.checksCertificate" -}}
{{- if hasPrefix "verify-" (include "tvtantrum.sslMode" .) }}yes{{ end -}}
{{- end }}

{{/* The authorities to trust, as a volume named postgres-ca. */}}
{{- define "tvtantrum.caVolume" -}}
{{- if include "tvtantrum.checksCertificate" . }}
{{- $external := .Values.postgres.external }}
- name: postgres-ca
  {{- if $external.caSecretName }}
  secret:
    secretName: {{ $external.caSecretName | quote }}
  {{- else }}
  configMap:
    name: {{ $external.caConfigMapName | quote }}
  {{- end }}
    items: [{ key: {{ $external.caKey | quote }}, path: ca.crt }]
{{- end }}
{{- end }}

{{- define "tvtantrum.caMount" -}}
{{- if include "tvtantrum.checksCertificate" . }}
- { name: postgres-ca, mountPath: /etc/tantrum/postgres-ca, readOnly: true }
{{- end }}
{{- end }}

{{/* Takes (list $ "database"): by way of PgBouncer. */}}
{{- define "tvtantrum.pooledUrl" -}}
{{- $root := index . 0 -}}
postgresql://{{ include "tvtantrum.postgresUser" $root }}@{{ include "tvtantrum.host" (list $root "pgbouncer") }}:6432/{{ index . 1 }}?sslmode=disable
{{- end }}

{{/* The catalogue's database by way of PgBouncer. */}}
{{- define "tvtantrum.pooledDatabaseUrl" -}}
{{ include "tvtantrum.pooledUrl" (list . (include "tvtantrum.postgresDatabase" .)) }}
{{- end }}

{{/* The same without PgBouncer: locks over many statements do not survive its transaction mode. */}}
{{- define "tvtantrum.directDatabaseUrl" -}}
postgresql://{{ include "tvtantrum.postgresUser" . }}@{{ include "tvtantrum.postgresHost" . }}:{{ include "tvtantrum.postgresPort" . }}/{{ include "tvtantrum.postgresDatabase" . }}?sslmode={{ include "tvtantrum.sslMode" . }}
{{- end }}
