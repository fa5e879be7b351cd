{{/* One name for everything of a release, and the labels that find it. */}}
{{- define "ultra.name" -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "ultra.selector" -}}
app.kubernetes.io/name: ultra
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ultra.labels" -}}
{{ include "ultra.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "ultra.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* What every pod of ours is allowed: next to nothing. */}}
{{- define "ultra.pod-security" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "ultra.container-security" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{- define "ultra.environment" -}}
envFrom:
  - configMapRef: {name: {{ include "ultra.name" . }}}
{{- end -}}

{{- define "ultra.mounts" -}}
volumeMounts:
  - {name: secrets, mountPath: /run/secrets/ultra, readOnly: true}
  - {name: data, mountPath: /data}
  - {name: tmp, mountPath: /tmp}
  {{- if .Values.config }}
  - {name: config, mountPath: /etc/ultra, readOnly: true}
  {{- end }}
{{- end -}}

{{- define "ultra.volumes" -}}
volumes:
  - name: secrets
    secret: {secretName: {{ .Values.existingSecret }}, defaultMode: 0440}
  - name: data
    emptyDir: {}
  - name: tmp
    emptyDir: {}
  {{- if .Values.config }}
  - name: config
    configMap: {name: {{ include "ultra.name" . }}-toml}
  {{- end }}
{{- end -}}
