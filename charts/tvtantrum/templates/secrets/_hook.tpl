{{/* What the Job that makes the Secret needs, gone once it has. Takes the weight: lower ones come first. */}}
{{- define "tvtantrum.secretsHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
