"""Questionnaires and answers as HL7 FHIR R4 resources, out and in, as plain JSON values."""
