{{/*
Exporters: what reads the figures of an engine that has none for Prometheus, beside it in its pod.
Each stands behind its engine and is no sidecar in Kubernetes' sense, which would start first: that
of PgBouncer ends when PgBouncer is not there yet.
*/}}

{{/* Takes (list $ "image" port). Its settings are the caller's to add. */}}
{{- define "tvtantrum.exporter" -}}
{{- $root := index . 0 -}}
- name: exporter
  {{- include "tvtantrum.image" (list $root (index . 1)) | nindent 2 }}
  {{- include "tvtantrum.container" $root | nindent 2 }}
  ports:
    - { name: metrics, containerPort: {{ index . 2 }} }
  # No readiness probe: an engine serves whether or not somebody counts.
  livenessProbe:
    httpGet: { path: /, port: metrics }
    {{- include "tvtantrum.liveness" $root | nindent 4 }}
  resources: {{- toYaml $root.Values.monitoring.exporters.resources | nindent 4 }}
{{- end }}

{{/* What Prometheus reads, as YAML: part: [Service, port of the pod, seconds between two readings]. */}}
{{- define "tvtantrum.scraped" -}}
catalog: [catalog, 9101, 5]
search: [search, 9102, 5]
gateway: [gateway, 9100, 5]
{{- if .Values.monitoring.exporters.enabled }}
edge: [edge-metrics, 9100, 15]
pgbouncer: [pgbouncer-metrics, 9127, 15]
{{- if .Values.redis.enabled }}
redis: [redis-metrics, 9121, 15]
{{- end }}
{{- if eq .Values.postgres.mode "embedded" }}
postgres: [postgres, 9187, 15]
{{- end }}
{{- end }}
{{- end }}

{{/*
Takes (list $ "part" "selector"): a headless Service, so that DNS lists all pods of an engine to
Prometheus. The selector is that of the part without one.
*/}}
{{- define "tvtantrum.metricsService" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
{{- $port := index (include "tvtantrum.scraped" $root | fromYaml) $part 1 -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "tvtantrum.name" (list $root (printf "%s-metrics" $part)) }}
  labels: {{- include "tvtantrum.labels" . | nindent 4 }}
spec:
  clusterIP: None
  # Those that are not ready are of interest, too.
  publishNotReadyAddresses: true
  selector: {{- rest (rest .) | first | default (include "tvtantrum.selector" .) | nindent 4 }}
  ports:
    - { name: metrics, port: {{ $port }}, targetPort: metrics }
{{- end }}
