{{- define "operator.selector" -}}
app.kubernetes.io/name: tvtantrum-operator
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* For an object's own metadata. Not for pods: a version there would restart them all. */}}
{{- define "operator.labels" -}}
{{ include "operator.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* What belongs to the whole cluster carries the namespace in its name. */}}
{{- define "operator.clusterName" -}}
{{ .Release.Namespace }}-{{ .Release.Name }}
{{- end }}

{{- define "operator.namespaces" -}}
{{ .Values.watch.namespaces | default (list .Release.Namespace) | toJson }}
{{- end }}

{{/* "true" where some kind makes objects of its own, else nothing. */}}
{{- define "operator.makesObjects" -}}
{{- if or (has "PgBouncer" .Values.kinds) (has "RedisCache" .Values.kinds) }}true{{ end }}
{{- end }}
