"""The guided lesson: its pages, and what makes their pictures and figures."""
