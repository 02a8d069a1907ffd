"""Files that hold documents: mails with attachments and archives, unpacked under limits."""
